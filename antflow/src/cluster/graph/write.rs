use std::time::Duration;

use serde_json::{Map, Value, json};

use super::input::{PULL, RECHUNK};
use super::{Input, Node, Pull, RetryPolicy, StartWhen};

/// The JSON of a graph, as it is read: what has its default is left out.
pub(super) fn nodes(nodes: &[Node]) -> Value {
    let nodes: Vec<_> = nodes.iter().map(node).collect();
    json!({ "version": 1, "nodes": nodes })
}

fn node(node: &Node) -> Value {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    put("node_id", json!(node.id));
    put("type", json!(node.role));
    if let Some(parents) = &node.depends_on {
        put("depends_on", json!(parents));
    }
    if let Some(fan_in) = node.fan_in {
        put("fan_in", json!(fan_in.to_string()));
    }
    if node.retry != RetryPolicy::default() {
        put("retry_policy", retry(&node.retry));
    }
    if let Some(timeout) = node.timeout {
        put("timeout_sec", seconds(timeout));
    }
    if let Some(timeout) = node.batch_timeout {
        put("batch_timeout_sec", seconds(timeout));
    }
    if node.concurrency != 1 {
        put("concurrency", json!(node.concurrency));
    }
    if let Some(fingerprint) = &node.fingerprint {
        put("fingerprint", json!(fingerprint));
    }
    let io = io(node);
    if !io.is_empty() {
        put("io", Value::Object(io));
    }
    Value::Object(fields)
}

fn io(node: &Node) -> Map<String, Value> {
    let mut io = Map::new();
    if node.start_when == StartWhen::FirstBatch {
        io.insert("start_when".into(), json!("first_batch"));
    }
    if let Some(function) = &node.function {
        io.insert("fn".into(), json!(function.name));
        io.insert("fn_args".into(), json!(function.args));
    }
    let mut inline = node.input_inline.clone();
    let named = match &node.input {
        Input::Handler => None,
        Input::Pull(pull) => {
            let name = if pull.rechunk.is_some() {
                RECHUNK
            } else {
                PULL
            };
            Some((name, pull_args(pull)))
        }
        Input::Custom { adapter, args } => Some((adapter.as_str(), args.clone())),
    };
    if let Some((adapter, args)) = named {
        inline.insert("input_adapter".into(), json!(adapter));
        inline.insert("input_args".into(), Value::Object(args));
    }
    if !inline.is_empty() {
        io.insert("input_inline".into(), Value::Object(inline));
    }
    io
}

fn pull_args(pull: &Pull) -> Map<String, Value> {
    let mut args = Map::new();
    let mut put = |key: &str, value: Value| {
        args.insert(key.to_owned(), value);
    };
    if !pull.from_nodes.is_empty() {
        put("from_nodes", json!(pull.from_nodes));
    }
    if let Some(poll) = pull.poll {
        put("poll_ms", millis(poll));
    }
    if let Some(most) = pull.backoff_max {
        put("backoff_max_ms", millis(most));
    }
    if !pull.eof_on_task_done {
        put("eof_on_task_done", json!(false));
    }
    if let Some(part) = pull.partition {
        put("partition", json!({ "index": part.index, "of": part.of }));
    }
    if let Some(rechunk) = &pull.rechunk {
        put("size", json!(rechunk.size));
        if let Some(key) = &rechunk.meta_list_key {
            put("meta_list_key", json!(key));
        }
    }
    args
}

fn retry(policy: &RetryPolicy) -> Value {
    json!({
        "max": policy.max,
        "backoff_sec": seconds(policy.backoff),
        "exponential": policy.exponential,
        "max_backoff_sec": seconds(policy.max_backoff),
        "permanent_on": policy.permanent_on,
        "max_interruptions": policy.max_interruptions,
    })
}

fn seconds(duration: Duration) -> Value {
    json!(duration.as_secs_f64())
}

fn millis(duration: Duration) -> Value {
    json!(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
