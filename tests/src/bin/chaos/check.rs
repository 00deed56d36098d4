use antflow::BoxError;
use antflow::cluster::store::{BatchRecord, NodeRecord};
use antflow::cluster::{BatchUid, Cluster, RunKey, testing};

use crate::work;

/// How what is there differs from what has to be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Batches whose effect is missing.
    pub(crate) lost: u64,
    /// Effects that are there once more than they should.
    pub(crate) doubled: u64,
}

impl Difference {
    /// Of the things themselves, in whatever order.
    fn of(expected: Vec<String>, found: Vec<String>) -> Self {
        let difference = testing::Difference::between(expected, found);
        Self {
            lost: difference.missing().len() as u64,
            doubled: difference.surplus().len() as u64,
        }
    }

    /// Of numbers alone.
    fn of_counts(expected: u64, found: u64) -> Self {
        Self {
            lost: expected.saturating_sub(found),
            doubled: found.saturating_sub(expected),
        }
    }

    /// The worse of two looks at the same thing.
    fn or_worse(self, other: Self) -> Self {
        Self {
            lost: self.lost.max(other.lost),
            doubled: self.doubled.max(other.doubled),
        }
    }
}

/// Compares all that a node has left: its artifacts, the records of its batches, its totals and its numbers.
pub(crate) async fn node(
    cluster: &Cluster,
    node: &NodeRecord,
    batches: u64,
) -> Result<Difference, BoxError> {
    let expected = work::expected(node.id.as_str(), batches);
    let count = expected.len() as u64;
    let totals = &node.totals;
    let reported = totals
        .metrics
        .get(work::METRIC)
        .copied()
        .unwrap_or_default();
    // A sum of ones; what lies beyond 2^53 is not counted here.
    let reported = reported.round() as u64;
    let mut worst = Difference::of(expected, payloads(cluster, &node.run, node).await?);
    let records = records(cluster, &node.run, node).await?;
    if !records.is_sorted_by_key(|record| record.epoch) {
        return Err(format!("somebody wrote to `{}` in an epoch that was over", node.id).into());
    }
    worst = worst.or_worse(Difference::of_counts(count, records.len() as u64));
    for counted in [totals.batches, totals.artifacts, reported] {
        worst = worst.or_worse(Difference::of_counts(count, counted));
    }
    Ok(worst)
}

/// The payloads of all artifacts. A number that is missing or there twice is a mistake of the store.
async fn payloads(
    cluster: &Cluster,
    run: &RunKey,
    node: &NodeRecord,
) -> Result<Vec<String>, BoxError> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let page = cluster.artifacts(run, node.id.clone(), after).await?;
        for artifact in page.artifacts {
            all.push(artifact.payload.as_str().to_owned());
            if artifact.seq != all.len() as u64 {
                let (seq, place) = (artifact.seq, all.len());
                return Err(format!("artifact {seq} of `{}` is in place {place}", node.id).into());
            }
        }
        if page.is_end || page.next_after == after {
            return Ok(all);
        }
        after = page.next_after;
    }
}

/// All batches that are recorded.
async fn records(
    cluster: &Cluster,
    run: &RunKey,
    node: &NodeRecord,
) -> Result<Vec<BatchRecord>, BoxError> {
    let mut all: Vec<BatchRecord> = Vec::new();
    loop {
        let after: Option<BatchUid> = all.last().map(|batch| batch.uid.clone());
        let store = cluster.store();
        let page = store
            .batches(run.clone(), node.id.clone(), after, 1000)
            .await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(found: &[&str]) -> Difference {
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        Difference::of(owned(&["a", "b", "c"]), owned(found))
    }

    #[test]
    fn what_is_missing_is_lost_and_what_is_there_again_is_doubled() {
        let difference = |lost, doubled| Difference { lost, doubled };
        assert_eq!(of(&["c", "a", "b"]), difference(0, 0));
        assert_eq!(of(&["a", "c"]), difference(1, 0));
        assert_eq!(of(&["a", "b", "b", "b", "c"]), difference(0, 2));
        assert_eq!(
            of(&["a", "a", "c"]),
            difference(1, 1),
            "one does not make up for the other"
        );
        assert_eq!(of(&["a", "b", "c", "stranger"]), difference(0, 1));
        assert_eq!(Difference::of_counts(3, 2), difference(1, 0));
        assert_eq!(Difference::of_counts(3, 5), difference(0, 2));
    }

    #[test]
    fn what_is_expected_is_what_the_graph_makes() {
        assert_eq!(work::expected("make", 2), ["0", "1"]);
        for node in ["cut", "keep"] {
            assert_eq!(work::expected(node, 2), ["[0,1]", "[2]", "[3,4]", "[5]"]);
        }
    }

    #[test]
    fn of_two_looks_the_worse_one_counts() {
        let (lost, doubled) = (of(&["a", "b"]), of(&["a", "a", "b", "c"]));
        let both = Difference {
            lost: 1,
            doubled: 1,
        };
        assert_eq!(lost.or_worse(doubled), both);
    }
}
