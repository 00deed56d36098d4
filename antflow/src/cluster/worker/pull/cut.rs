use serde_json::Value;
use uuid::Uuid;

use super::{Step, mark};
use crate::cluster::graph::Rechunk;
use crate::cluster::handler::{Body, Ended, RawBatch};
use crate::cluster::items::ITEM;
use crate::cluster::protocol::Failure;
use crate::cluster::store::{Artifact, Payload};
use crate::cluster::{BatchUid, NodeId};

/// Ids that would be longer are shortened: they grow with each node of a chain.
const LONGEST_UID: usize = 160;

/// Makes steps of an artifact, of which `done` items are done. An artifact that cannot be read is a failure.
pub(super) fn artifact(
    artifact: Artifact,
    rechunk: Option<&Rechunk>,
    done: u64,
    steps: &mut Vec<Step>,
) -> Result<(), Ended> {
    match rechunk {
        None => steps.push(whole(artifact)),
        Some(rechunk) => chunks(artifact, rechunk, done, steps)?,
    }
    Ok(())
}

/// One batch, which is the artifact.
fn whole(artifact: Artifact) -> Step {
    Step {
        mark: Some(mark(&artifact.node, artifact.seq, 0)),
        batch: Some(RawBatch {
            uid: uid(&artifact.node, artifact.uid.as_str()),
            body: Body::Stored(data(&artifact)),
            meta: artifact.meta,
            source: Some(artifact.node),
        }),
    }
}

/// What an artifact holds: what is said about it, if that is all there is.
fn data(artifact: &Artifact) -> Payload {
    let is_item = artifact.meta.contains_key(ITEM);
    if artifact.payload.as_str() == "null" && !artifact.meta.is_empty() && !is_item {
        return Payload::from(&Value::Object(artifact.meta.clone()));
    }
    artifact.payload.clone()
}

/// Batches of so many items each, the last one of fewer. Without a list, the artifact is the one item.
fn chunks(
    mut artifact: Artifact,
    rechunk: &Rechunk,
    done: u64,
    steps: &mut Vec<Step>,
) -> Result<(), Ended> {
    let items = items(&mut artifact, rechunk)?;
    let size = u64::from(rechunk.size.max(1));
    let count = items.len() as u64;
    if count == 0 {
        steps.push(Step {
            batch: None,
            mark: Some(mark(&artifact.node, artifact.seq, 0)),
        });
        return Ok(());
    }
    let mut items = items.into_iter();
    let mut start = 0;
    while start < count {
        let end = (start + size).min(count);
        let chunk: Vec<_> = items
            .by_ref()
            .take(usize::try_from(end - start).unwrap_or(usize::MAX))
            .collect();
        if start >= done {
            let mark = if end == count {
                mark(&artifact.node, artifact.seq, 0)
            } else {
                mark(&artifact.node, artifact.seq - 1, end)
            };
            let index = start / size;
            let name = format!("{}/{index}:{size}", artifact.uid);
            steps.push(Step {
                mark: Some(mark),
                batch: Some(RawBatch {
                    uid: uid(&artifact.node, &name),
                    body: Body::Stored(Payload::from(&Value::Array(chunk))),
                    meta: artifact.meta.clone(),
                    source: Some(artifact.node.clone()),
                }),
            });
        }
        start = end;
    }
    Ok(())
}

/// The items of an artifact: the list of this name in what is said about it or, if it is not there, in its data.
fn items(artifact: &mut Artifact, rechunk: &Rechunk) -> Result<Vec<Value>, Ended> {
    if let Some(key) = &rechunk.meta_list_key {
        if let Some(Value::Array(_)) = artifact.meta.get(key)
            && let Some(Value::Array(items)) = artifact.meta.remove(key)
        {
            return Ok(items);
        }
        if let Ok(Value::Object(mut object)) = artifact.payload.read()
            && let Some(Value::Array(items)) = object.remove(key)
        {
            return Ok(items);
        }
    }
    let item = data(artifact).read().map_err(|error| {
        let error = format!(
            "artifact `{}` of node `{}` is no JSON: {error}",
            artifact.uid, artifact.node
        );
        Ended::Failed(Failure::permanent("schema_mismatch", error))
    })?;
    Ok(vec![item])
}

/// The id of a batch: of the node and what it is there. Names of nodes have no slash, so that it can be told apart.
fn uid(source: &NodeId, name: &str) -> BatchUid {
    let long = format!("{source}/{name}");
    if long.len() <= LONGEST_UID {
        return long.into();
    }
    let short = Uuid::new_v5(&Uuid::NAMESPACE_OID, long.as_bytes());
    format!("{source}/{}", short.simple()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::cluster::Timestamp;
    use crate::cluster::graph::{Input, Node, Pull};
    use crate::cluster::store::Cursor;

    fn stored(uid: &str, payload: &Value, meta: Value) -> Artifact {
        Artifact {
            run: "r".into(),
            node: "up".into(),
            uid: uid.into(),
            seq: 7,
            epoch: 1,
            created_at: Timestamp::default(),
            payload: Payload::from(payload),
            meta: serde_json::from_value::<Map<_, _>>(meta).unwrap(),
        }
    }

    fn rechunk(size: u32, key: Option<&str>) -> Rechunk {
        let pull = Pull::from_nodes(["up"]);
        let pull = match key {
            Some(key) => pull.rechunk(size, key),
            None => pull.rechunk_whole(size),
        };
        let Input::Pull(pull) = Node::new("n", "r").pull(pull).input else {
            unreachable!("it pulls");
        };
        pull.rechunk.unwrap()
    }

    fn cut(
        from: Artifact,
        rechunk: Option<&Rechunk>,
        done: u64,
    ) -> Vec<(String, Value, (u64, u64))> {
        let mut steps = Vec::new();
        artifact(from, rechunk, done, &mut steps).expect("it is JSON");
        let told = |step: Step| {
            let batch = step.batch.unwrap();
            let Body::Stored(payload) = batch.body else {
                unreachable!("it was read");
            };
            let Cursor { seq, offset, .. } = step.mark.unwrap();
            (
                batch.uid.to_string(),
                payload.read().unwrap(),
                (seq, offset),
            )
        };
        steps.into_iter().map(told).collect()
    }

    #[test]
    fn a_list_is_cut_with_its_remainder_and_always_in_the_same_way() {
        let from = || {
            stored(
                "b",
                &Value::Null,
                json!({ "items": [1, 2, 3, 4, 5], "n": 1 }),
            )
        };
        let by_two = rechunk(2, Some("items"));
        let all = cut(from(), Some(&by_two), 0);
        assert_eq!(
            all,
            [
                ("up/b/0:2".into(), json!([1, 2]), (6, 2)),
                ("up/b/1:2".into(), json!([3, 4]), (6, 4)),
                ("up/b/2:2".into(), json!([5]), (7, 0)),
            ]
        );
        assert_eq!(cut(from(), Some(&by_two), 2), all[1..]);
        assert_eq!(cut(from(), Some(&by_two), 4), all[2..]);
        let by_three = cut(from(), Some(&rechunk(3, Some("items"))), 0);
        assert!(
            by_three
                .iter()
                .all(|(uid, _, _)| all.iter().all(|(other, _, _)| uid != other))
        );
    }

    #[test]
    fn without_a_list_an_artifact_is_one_item() {
        let from = || stored("b", &json!({ "x": 1 }), json!({ "items": 3 }));
        for key in [None, Some("items"), Some("others")] {
            assert_eq!(
                cut(from(), Some(&rechunk(2, key)), 0),
                [("up/b/0:2".into(), json!([{ "x": 1 }]), (7, 0))]
            );
        }
        let list = stored("b", &json!({ "others": [1] }), json!({}));
        assert_eq!(
            cut(list, Some(&rechunk(2, Some("others"))), 0)[0].1,
            json!([1])
        );
    }

    #[test]
    fn an_empty_list_is_passed_over() {
        let mut steps = Vec::new();
        let from = stored("b", &Value::Null, json!({ "items": [] }));
        artifact(from, Some(&rechunk(2, Some("items"))), 0, &mut steps).unwrap();
        assert!(steps[0].batch.is_none());
        assert_eq!(steps[0].mark.as_ref().unwrap().seq, 7);
    }

    #[test]
    fn a_whole_artifact_is_read_as_its_data_or_as_what_is_said_about_it() {
        let data = cut(stored("b", &json!([1]), json!({ "n": 1 })), None, 0);
        assert_eq!(data, [("up/b".into(), json!([1]), (7, 0))]);
        let said = cut(stored("b", &Value::Null, json!({ "n": 1 })), None, 0);
        assert_eq!(said[0].1, json!({ "n": 1 }));
    }

    #[test]
    fn long_ids_are_shortened_and_stay_apart() {
        let long = "x".repeat(200);
        let ids = [
            uid(&"up".into(), &format!("{long}1")),
            uid(&"up".into(), &format!("{long}2")),
        ];
        assert_ne!(ids[0], ids[1]);
        assert!(ids[0].as_str().len() < 40);
        assert_eq!(ids[0], uid(&"up".into(), &format!("{long}1")));
    }
}
