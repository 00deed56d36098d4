use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use antflow::BoxError;

use crate::talk::{Order, Word};

/// How long nothing may be heard of what everybody waits for.
const PATIENCE: Duration = Duration::from_secs(180);

/// The processes of one measurement.
#[derive(Debug)]
pub(crate) struct Crew {
    members: Vec<Member>,
    heard: Receiver<(usize, Option<Word>)>,
    /// How much each has handled since its start.
    handled: BTreeMap<usize, u64>,
}

/// One process; it is killed when this is dropped.
#[derive(Debug)]
struct Member {
    child: Child,
    orders: Option<ChildStdin>,
}

impl Crew {
    /// Starts them all, the one that feeds first, and waits until they are ready. Gives how they are set up, too.
    pub(crate) fn start(commands: Vec<Command>) -> Result<(Self, Vec<String>), BoxError> {
        let (say, heard) = mpsc::channel();
        let mut crew = Self {
            members: Vec::new(),
            heard,
            handled: BTreeMap::new(),
        };
        let mut settings = Vec::new();
        for (at, command) in commands.into_iter().enumerate() {
            crew.members.push(Member::start(command, at, say.clone())?);
            // One after the other: the first one makes the tables.
            let said = crew.wait_for(|word| match word {
                Word::Ready { settings } => Some(settings),
                _ => None,
            })?;
            if !said.is_empty() && !settings.contains(&said) {
                settings.push(said);
            }
        }
        Ok((crew, settings))
    }

    /// Tells the one that feeds what to do.
    pub(crate) fn order(&mut self, order: Order) -> Result<(), BoxError> {
        let line = serde_json::to_string(&order)? + "\n";
        let feeder = self.members.first_mut();
        let orders = feeder.and_then(|feeder| feeder.orders.as_mut());
        let orders = orders.ok_or("nobody feeds")?;
        orders.write_all(line.as_bytes())?;
        Ok(orders.flush()?)
    }

    /// How much they all have handled since their start.
    pub(crate) fn handled(&self) -> u64 {
        self.handled.values().sum()
    }

    /// Hears words until one is what it waits for.
    pub(crate) fn wait_for<T>(
        &mut self,
        mut is_it: impl FnMut(Word) -> Option<T>,
    ) -> Result<T, BoxError> {
        let begun = Instant::now();
        loop {
            if let Some(found) = is_it(self.hear(begun)?) {
                return Ok(found);
            }
        }
    }

    /// Hears the next word.
    pub(crate) fn hear(&mut self, since: Instant) -> Result<Word, BoxError> {
        let left = PATIENCE.saturating_sub(since.elapsed());
        match self.heard.recv_timeout(left) {
            Ok((member, Some(word))) => {
                if let Word::Handled { count } = word {
                    self.handled.insert(member, count);
                }
                Ok(word)
            }
            Ok((member, None)) => Err(format!("member {member} has ended").into()),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("nothing came of it for {} s", PATIENCE.as_secs()).into())
            }
            Err(RecvTimeoutError::Disconnected) => Err("all members have ended".into()),
        }
    }
}

impl Member {
    fn start(
        mut command: Command,
        at: usize,
        say: Sender<(usize, Option<Word>)>,
    ) -> Result<Self, BoxError> {
        // They end when this process, and its end of the pipe, is gone.
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = command.spawn();
        let mut child = started.map_err(|error| format!("{command:?} does not start: {error}"))?;
        let orders = child.stdin.take();
        if let Some(said) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(said).lines().map_while(Result::ok) {
                    match serde_json::from_str(&line) {
                        Ok(word) => {
                            if say.send((at, Some(word))).is_err() {
                                return;
                            }
                        }
                        // What a library prints is for people.
                        Err(_) => eprintln!("cluster: member {at} says: {line}"),
                    }
                }
                // Nobody may be listening any more.
                drop(say.send((at, None)));
            });
        }
        Ok(Self { child, orders })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for member in &mut self.members {
            // They have until the next one is waited for to say goodbye.
            drop(member.orders.take());
        }
        for member in &mut self.members {
            let begun = Instant::now();
            while begun.elapsed() < GOODBYE && matches!(member.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
            // It has ended already, unless it hangs.
            drop(member.child.kill());
            drop(member.child.wait());
        }
    }
}

/// How long a member may take to end.
const GOODBYE: Duration = Duration::from_secs(3);
