//! Is the JSON Schema of the messages what they are?

use std::collections::BTreeSet;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

use super::tests::messages;
use super::*;
use crate::cluster::state::RunState;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options.build(&schema).unwrap()
}

/// An envelope with all that one can have.
fn full(message: Message) -> Value {
    let query = Envelope::new(Message::Query);
    let envelope = Envelope::new(message)
        .about("run-1", "parse")
        .role("parser")
        .epoch(3)
        .worker("w1".into())
        .target("w2".into())
        .reply_to(&query);
    serde_json::to_value(envelope).unwrap()
}

/// What a schema is, where it may say where else that is.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(place) => root.pointer(place.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

fn keys(object: &Map<String, Value>) -> BTreeSet<&str> {
    object.keys().map(String::as_str).collect()
}

/// Everything that is written has a place in the schema, and everything in the schema is written.
fn same_keys(root: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(root, schema);
    let (Some(known), Some(written)) = (schema["properties"].as_object(), value.as_object()) else {
        return;
    };
    assert_eq!(keys(known), keys(written), "{place}");
    for (key, schema) in known {
        same_keys(root, schema, &value[key], &format!("{place}/{key}"));
    }
}

#[test]
fn every_kind_is_valid_as_it_is_written_and_has_all_that_is_described() {
    let (root, validator) = (schema(), validator());
    let kinds: Vec<_> = root["oneOf"].as_array().unwrap().iter().collect();
    let names = kinds
        .iter()
        .map(|kind| &kind["properties"]["kind"]["const"]);
    assert_eq!(
        names.collect::<Vec<_>>(),
        Message::KINDS,
        "every kind is here"
    );
    assert_eq!(
        root["properties"]["kind"]["enum"].as_array().unwrap(),
        &Message::KINDS
    );
    for (message, schema) in messages().into_iter().zip(kinds) {
        let kind = message.kind();
        let value = full(message.clone());
        if let Err(error) = validator.validate(&value) {
            panic!("{kind}: {error} at {}", error.instance_path());
        }
        // As little as there may be is valid too.
        let bare = serde_json::to_value(Envelope::new(message)).unwrap();
        assert!(validator.is_valid(&bare), "{kind}");
        let mut known = keys(root["properties"].as_object().unwrap());
        if schema["properties"].get("payload").is_none() {
            known.remove("payload");
        }
        assert_eq!(known, keys(value.as_object().unwrap()), "{kind}");
        same_keys(
            &root,
            &schema["properties"]["payload"],
            &value["payload"],
            kind,
        );
    }
}

#[test]
fn what_is_required_is_what_cannot_be_read_without() {
    let validator = validator();
    for message in messages() {
        let value = full(message);
        for place in ["", "/payload"] {
            let Some(object) = value.pointer(place).and_then(Value::as_object) else {
                continue;
            };
            for key in object.keys() {
                let mut without = value.clone();
                let object = without.pointer_mut(place).and_then(Value::as_object_mut);
                object.unwrap().remove(key);
                let is_read = Envelope::decode(without.to_string().as_bytes()).is_ok();
                assert_eq!(validator.is_valid(&without), is_read, "{without}");
            }
        }
    }
}

#[test]
fn what_others_would_not_understand_is_not_valid() {
    let validator = validator();
    let valid = full(Message::Artifacts { last_seq: 7 });
    for (place, wrong) in [
        ("/v", Value::from(2)),
        ("/kind", Value::from("task_strat")),
        ("/kind", Value::from("cancel")),
        ("/ts_ms", Value::from("now")),
        ("/epoch", Value::from(-1)),
        ("/payload/last_seq", Value::from("7")),
        ("/payload", Value::Null),
    ] {
        let mut value = valid.clone();
        *value.pointer_mut(place).unwrap() = wrong;
        assert!(!validator.is_valid(&value), "{value}");
        assert!(
            Envelope::decode(value.to_string().as_bytes()).is_err(),
            "{value}"
        );
    }
    let mut newer = valid;
    newer["colour"] = "red".into();
    newer["payload"]["colour"] = "red".into();
    assert!(validator.is_valid(&newer));
}

#[test]
fn every_state_of_a_run_is_described() {
    let validator = validator();
    for state in RunState::ALL {
        let reason = Some("why".to_owned());
        let value = full(Message::RunEnded { state, reason });
        assert!(validator.is_valid(&value), "{value}");
    }
}
