use serde_json::Value;

use super::SubmitError;
use super::persist::persist;
use crate::cluster::RunKey;
use crate::cluster::items::{ITEMS, ItemNote};
use crate::cluster::open::{Cluster, ClusterError};
use crate::cluster::store::{NewArtifact, Payload, ReadRequest};
use crate::item::StoredItem;

const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Looks whether items that a run has are those that are given now. The number of the first that is another one.
pub(super) async fn first_other(
    cluster: &Cluster,
    run: &RunKey,
    items: &[StoredItem],
    artifacts: &[NewArtifact],
) -> Result<Option<u64>, SubmitError> {
    let Some(first) = items.first() else {
        return Ok(None);
    };
    // Artifacts are counted from 1, and items are stored in their order.
    let mut after = first.sequence_id;
    let mut given = items.iter().zip(artifacts).peekable();
    while given.peek().is_some() {
        let page = persist(async || {
            let request = ReadRequest {
                run: run.clone(),
                source: ITEMS.into(),
                after_seq: after,
                partition: None,
                limit: u32::try_from(given.len()).unwrap_or(u32::MAX),
                max_bytes: PAGE_BYTES,
            };
            Ok::<_, ClusterError>(cluster.store().read_artifacts(request).await?)
        });
        let page = page.await?;
        if page.artifacts.is_empty() {
            return Ok(None);
        }
        after = page.next_after;
        for (there, (item, artifact)) in page.artifacts.into_iter().zip(given.by_ref()) {
            let note = ItemNote::read(&there.meta);
            let note = note.map_err(|source| SubmitError::Unreadable {
                node: there.node,
                artifact: there.uid.to_string(),
                source,
            })?;
            // Of one that could not be stored, nothing is there to be compared.
            let is_same = note.is_some_and(|note| {
                note.error.is_some()
                    || note.item == *item && is_same(&there.payload, &artifact.payload)
            });
            if !is_same {
                return Ok(Some(item.sequence_id));
            }
        }
    }
    Ok(None)
}

/// Are these the same, whatever the order in which sets and maps are written?
fn is_same(one: &Payload, other: &Payload) -> bool {
    let sorted = |payload: &Payload| payload.read::<Value>().ok().map(sorted);
    one == other || sorted(one) == sorted(other)
}

/// A value with its lists in an order that depends on nothing but what is in them. Maps have one anyway.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<_> = values.into_iter().map(sorted).collect();
            values.sort_by_cached_key(ToString::to_string);
            Value::Array(values)
        }
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(key, value)| (key, sorted(value))).collect())
        }
        simple => simple,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_sets_and_maps_does_not_matter_and_all_else_does() {
        let is_same = |one: &str, other: &str| {
            let [one, other] = [one, other].map(|text| Payload::from_text(text).unwrap());
            is_same(&one, &other)
        };
        assert!(is_same(
            r#"{"a":[1,[3,2]],"b":0}"#,
            r#"{"b":0,"a":[[2,3],1]}"#
        ));
        assert!(!is_same("[1,2,2]", "[1,1,2]"));
        assert!(!is_same(r#"{"a":1}"#, r#"{"a":1,"b":null}"#));
        assert!(!is_same("\"a\"", "\"b\""));
    }
}
