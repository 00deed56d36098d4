use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use antflow::BoxError;

use crate::args::Part;
use crate::engine::Place;
use crate::tally::{Tallies, Tally};

/// The processes of a cluster.
pub(crate) struct Crew {
    place: Place,
    program: PathBuf,
    members: Vec<Member>,
    named: u64,
    started: u64,
    tallies: Tallies,
}

/// One process; it is killed when this is dropped.
struct Member {
    part: Part,
    id: String,
    child: Child,
}

impl Crew {
    /// Starts so many of each. The faults of their messages come from the seed.
    pub(crate) fn start(
        place: Place,
        workers: u64,
        coordinators: u64,
        seed: u64,
    ) -> Result<Self, BoxError> {
        let mut crew = Self {
            place,
            program: std::env::current_exe()?,
            members: Vec::new(),
            named: 0,
            started: seed,
            tallies: Tallies::default(),
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

    /// Stops one where it is, or lets it go on.
    pub(crate) fn freeze(&self, member: usize, is_frozen: bool) -> Result<(), BoxError> {
        let signal = if is_frozen { "-STOP" } else { "-CONT" };
        let id = self.members[member].child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status()?;
        if !sent.success() {
            return Err(format!("process {id} takes no signal {signal}").into());
        }
        Ok(())
    }

    /// What all that ever were have counted.
    pub(crate) fn tally(&self) -> Tally {
        self.tallies.sum()
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

    fn spawn(&mut self, part: Part, id: &str) -> Result<Child, BoxError> {
        self.started += 1;
        let mut command = Command::new(&self.program);
        command
            .arg("member")
            .args(["--part", &name(&part), "--id", id])
            .args(["--seed", &self.started.to_string()])
            .args(self.place.arguments())
            // They end when this process, and its end of the pipe, is gone.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(said) = child.stdout.take() {
            self.tallies.hear(child.id(), said);
        }
        Ok(child)
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
