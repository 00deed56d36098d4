use std::time::Duration;

use tokio::time::Instant;

use super::patiently;
use crate::cluster::store::Store;
use crate::cluster::{Clock, Finding, SystemClock, Timestamp};

/// Clocks that are this close are the same for who reads their times.
const SKEW: Duration = Duration::from_secs(1);

/// Events that wait longer than this, and leases that are over for longer, have no coordinator.
const NEGLECT: Duration = Duration::from_secs(30);

/// Looks at a store, and at what coordinators should have done.
pub(super) async fn examine(store: &dyn Store, patience: Duration, findings: &mut Vec<Finding>) {
    let (asked, by_this) = (Instant::now(), SystemClock.now());
    let now = match patiently(patience, async { Ok(store.now().await?) }).await {
        Ok(now) => now,
        Err(said) => {
            findings.push(Finding::problem("store: answers", said, super::STORE));
            return;
        }
    };
    let took = asked.elapsed();
    findings.push(Finding::fine(
        "store: answers",
        format!("within {:.1} ms", took.as_secs_f64() * 1000.0),
    ));
    findings.push(clock(by_this, now, took));
    match patiently(patience, async { Ok(store.examine().await?) }).await {
        Ok(found) => findings.extend(found),
        Err(said) => findings.push(Finding::problem("store: settings", said, super::STORE)),
    }
    neglect(store, now, patience, findings).await;
}

/// The two clocks, of which this machine's was read before the question.
fn clock(by_this: Timestamp, by_store: Timestamp, took: Duration) -> Finding {
    let half = i64::try_from(took.as_millis() / 2).unwrap_or(i64::MAX);
    let expected = Timestamp::from_millis(by_this.as_millis().saturating_add(half));
    let (skew, word) = if by_store > expected {
        (by_store.since(expected), "ahead of")
    } else {
        (expected.since(by_store), "behind")
    };
    let said = format!("{skew:?} {word} this machine's, give or take {took:.1?}");
    if skew > SKEW + took {
        let advice = "leases go by the store's clock alone, so nothing is lost; but times in logs and dashboards \
                      do not agree: synchronise the clocks, by NTP for instance";
        return Finding::warning("store: clock", said, advice);
    }
    Finding::fine("store: clock", said)
}

/// What a coordinator would have done.
async fn neglect(
    store: &dyn Store,
    now: Timestamp,
    patience: Duration,
    findings: &mut Vec<Finding>,
) {
    const ADVICE: &str = "see to it that a coordinator serves this cluster: `antflow coordinator`";
    let asked = patiently(patience, async {
        Ok((store.counts().await?, store.next_due().await?))
    });
    let (counts, due) = match asked.await {
        Ok(asked) => asked,
        Err(said) => {
            findings.push(Finding::problem("coordinator", said, super::STORE));
            return;
        }
    };
    let waits = counts.outbox_since.map(|since| now.since(since));
    let late = due.map(|due| now.since(due)).unwrap_or_default();
    findings.push(if late > NEGLECT {
        let said = format!("leases or retries are due for {late:?}, and nobody sees to them");
        Finding::problem("coordinator", said, ADVICE)
    } else if let Some(waits) = waits.filter(|waits| *waits > NEGLECT) {
        let said = format!("{} events wait to be said, since {waits:?}", counts.outbox);
        Finding::problem("coordinator", said, ADVICE)
    } else {
        let said = format!(
            "nothing is overdue; {} events wait to be said",
            counts.outbox
        );
        Finding::fine("coordinator", said)
    });
    findings.push(match counts.dead_letters {
        0 => Finding::fine("dead letters", "none"),
        some => Finding::warning(
            "dead letters",
            format!("{some} messages were not understood or could not be said"),
            "look at them: `antflow dead-letters`",
        ),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Severity;

    #[test]
    fn clocks_may_differ_by_a_second_and_by_what_asking_took() {
        let at = Timestamp::from_millis;
        let found = |store, took| clock(at(10_000), at(store), Duration::from_millis(took));
        assert_eq!(found(10_050, 100).severity, Severity::Fine);
        assert_eq!(found(11_900, 1_000).severity, Severity::Fine);
        let ahead = found(13_000, 0);
        assert_eq!(ahead.severity, Severity::Warning);
        assert!(ahead.said.starts_with("3s ahead of"), "{ahead:?}");
        let behind = found(5_000, 0);
        assert!(behind.said.starts_with("5s behind"), "{behind:?}");
    }
}
