use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use antflow::BoxError;

use crate::args::Part;
use crate::engine::Ground;

/// The processes of a cluster.
pub(crate) struct Crew<'a> {
    ground: &'a Ground,
    program: PathBuf,
    members: Vec<Member>,
    named: u64,
}

/// One process; it is killed when this is dropped.
struct Member {
    part: Part,
    id: String,
    child: Child,
}

impl<'a> Crew<'a> {
    /// Starts so many of each.
    pub(crate) fn start(
        ground: &'a Ground,
        workers: u64,
        coordinators: u64,
    ) -> Result<Self, BoxError> {
        let mut crew = Self {
            ground,
            program: std::env::current_exe()?,
            members: Vec::new(),
            named: 0,
        };
        for (part, count) in [(Part::Worker, workers), (Part::Coordinator, coordinators)] {
            for _ in 0..count {
                let id = crew.new_id(part);
                let child = crew.spawn(part, &id)?;
                crew.members.push(Member { part, id, child });
            }
        }
        Ok(crew)
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn part(&self, member: usize) -> Part {
        self.members[member].part
    }

    pub(crate) fn id(&self, member: usize) -> &str {
        &self.members[member].id
    }

    /// Kills one, as `kill -9` does, and waits until it is gone. Says whether it was alive.
    pub(crate) fn kill(&mut self, member: usize) -> Result<bool, BoxError> {
        let child = &mut self.members[member].child;
        let was_alive = child.try_wait()?.is_none();
        child.kill()?;
        child.wait()?;
        Ok(was_alive)
    }

    /// Starts one again that is gone, under the same id or another.
    pub(crate) fn restart(&mut self, member: usize, under_same_id: bool) -> Result<(), BoxError> {
        let part = self.part(member);
        let id = if under_same_id {
            self.members[member].id.clone()
        } else {
            self.new_id(part)
        };
        let child = self.spawn(part, &id)?;
        self.members[member] = Member { part, id, child };
        Ok(())
    }

    /// Those that have ended by themselves, which they never should.
    pub(crate) fn fallen(&mut self) -> Result<Vec<usize>, BoxError> {
        let mut fallen = Vec::new();
        for (at, member) in self.members.iter_mut().enumerate() {
            if member.child.try_wait()?.is_some() {
                fallen.push(at);
            }
        }
        Ok(fallen)
    }

    fn new_id(&mut self, part: Part) -> String {
        self.named += 1;
        let letter = match part {
            Part::Worker => 'w',
            Part::Coordinator => 'c',
        };
        format!("{letter}{}", self.named)
    }

    fn spawn(&self, part: Part, id: &str) -> Result<Child, BoxError> {
        let mut command = Command::new(&self.program);
        command
            .arg("member")
            .args(["--part", &name(&part), "--id", id])
            .args([
                "--engine",
                &name(&self.ground.kind()),
                "--place",
                &self.ground.place(),
            ])
            // They end when this process, and its end of the pipe, is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        Ok(command.spawn()?)
    }
}

/// What a value is called on the command line.
pub(crate) fn name(value: &impl clap::ValueEnum) -> String {
    // Only values that are skipped have none, and no value is.
    let value = value.to_possible_value().unwrap_or_default();
    value.get_name().to_owned()
}

impl Drop for Member {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
