use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::{Examination, patiently, workers};
use crate::cluster::bus::{Audience, Bus, BusError, Inbox, Post};
use crate::cluster::protocol::{Envelope, Message, Topic};
use crate::cluster::store::Store;
use crate::cluster::{ClusterError, Finding, WorkerKey};

/// Asks all workers how they are, and waits for the question itself and for their answers.
pub(super) async fn examine(
    bus: &dyn Bus,
    store: Option<&dyn Store>,
    examination: &Examination,
    findings: &mut Vec<Finding>,
) {
    if bus.is_in_process() {
        findings.push(Finding::fine(
            "bus",
            "in this process: processes of one machine find their work by looking into the store",
        ));
        return;
    }
    let patience = examination.patience;
    let examined = bus.examine(examination.roles());
    match patiently(patience, async { Ok(examined.await?) }).await {
        Ok(found) => findings.extend(found),
        Err(said) => findings.push(Finding::problem("bus: settings", said, super::BUS)),
    }
    let expected = expected(store, patience).await;
    let asked = Asked::ask(bus, patience).await;
    let heard = match asked {
        Ok(asked) => asked.listen(expected.clone(), patience).await,
        Err(said) => {
            findings.push(Finding::problem("bus: speaks", said, super::BUS));
            return;
        }
    };
    findings.push(match heard.itself {
        Some(took) => Finding::fine(
            "bus: is heard",
            format!("within {:.1} ms", took.as_secs_f64() * 1000.0),
        ),
        None => Finding::problem(
            "bus: is heard",
            format!("what was said was not heard within {patience:?}"),
            "see to it that this user may publish and subscribe",
        ),
    });
    let missing: Vec<_> = expected.difference(&heard.workers).collect();
    if let (Some(_), false) = (heard.itself, missing.is_empty()) {
        let missing: Vec<_> = missing.iter().map(|worker| format!("`{worker}`")).collect();
        findings.push(Finding::warning(
            "bus: workers",
            format!("no answer from {}", missing.join(", ")),
            "see to it that they are on the same bus, under the same prefix: until then they find their work by \
             looking into the store alone",
        ));
    } else if !expected.is_empty() {
        findings.push(Finding::fine(
            "bus: workers",
            format!("all {} answer", expected.len()),
        ));
    }
}

/// Who should answer.
async fn expected(store: Option<&dyn Store>, patience: Duration) -> BTreeSet<WorkerKey> {
    let Some(store) = store else {
        return BTreeSet::new();
    };
    // That the store does not answer has been found already.
    let workers = patiently(patience, async { Ok(store.workers().await?) }).await;
    let workers = workers.unwrap_or_default();
    workers::live(&workers)
        .map(|worker| worker.announcement.worker.clone())
        .collect()
}

/// A question that was asked.
struct Asked {
    inbox: Box<dyn Inbox>,
    question: Envelope,
    at: Instant,
}

/// What was heard.
#[derive(Default)]
struct Heard {
    /// How long the question itself took.
    itself: Option<Duration>,
    /// Who has answered.
    workers: BTreeSet<WorkerKey>,
}

impl Asked {
    async fn ask(bus: &dyn Bus, patience: Duration) -> Result<Self, String> {
        patiently(patience, async {
            let inbox = bus
                .subscribe(vec![Topic::Query, Topic::Reply], Audience::Each)
                .await?;
            let question = Envelope::new(Message::Query);
            let at = Instant::now();
            bus.publish(Post::new(Topic::Query, &question)).await?;
            Ok::<_, ClusterError>(Self {
                inbox,
                question,
                at,
            })
        })
        .await
    }

    /// Listens until all have answered, or time is up.
    async fn listen(mut self, expected: BTreeSet<WorkerKey>, patience: Duration) -> Heard {
        let mut heard = Heard::default();
        let listening = async {
            while heard.itself.is_none() || !expected.is_subset(&heard.workers) {
                match self.inbox.next().await {
                    Some(Ok(post)) => self.hear(&post, &mut heard),
                    Some(Err(BusError::Closed)) | None => return,
                    Some(Err(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        // Who has not answered by then is missing.
        drop(tokio::time::timeout(patience, listening).await);
        heard
    }

    fn hear(&self, post: &Post, heard: &mut Heard) {
        // Others may say what they like here.
        let Ok(envelope) = Envelope::decode(&post.bytes) else {
            return;
        };
        if envelope.dedup_id == self.question.dedup_id {
            heard.itself.get_or_insert(self.at.elapsed());
        } else if envelope.corr_id.as_ref() == Some(&self.question.dedup_id) {
            heard.workers.extend(envelope.worker);
        }
    }
}
