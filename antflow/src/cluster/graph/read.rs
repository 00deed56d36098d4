use serde_json::Value;

use super::error::Mistakes;
use super::fields::{Fields, kind};
use super::input::{PULL, RECHUNK};
use super::{FanIn, Function, Input, Node, Partition, Pull, Rechunk, RetryPolicy, StartWhen};

/// Reads the nodes of a graph, as far as they can be read.
pub(super) fn nodes(value: Value, mistakes: &mut Mistakes) -> Vec<Node> {
    let Some(mut fields) = Fields::of("", value, mistakes) else {
        return Vec::new();
    };
    let version = fields.count("version", 1);
    if version.is_some_and(|version| version != 1) {
        fields.wrong("version", "this version of antflow reads version 1 only");
    }
    let mut nodes = Vec::new();
    match fields.take("nodes") {
        Some(Value::Array(values)) => {
            for (index, value) in values.into_iter().enumerate() {
                nodes.extend(node(&format!("nodes[{index}]"), value, fields.mistakes()));
            }
        }
        Some(other) => fields.wrong("nodes", format!("expected a list, found {}", kind(&other))),
        None => fields.wrong("nodes", "missing: list the nodes of the graph"),
    }
    fields.end();
    nodes
}

fn node(at: &str, value: Value, mistakes: &mut Mistakes) -> Option<Node> {
    let mut fields = Fields::of(at, value, mistakes)?;
    let id = required(&mut fields, "node_id", "give the node a name");
    let role = required(&mut fields, "type", "name the role that runs the node");
    // What follows is read whatever is missing, for its own mistakes.
    let has_id = id.is_some();
    let mut node = Node::new(
        id.unwrap_or_default(),
        role.unwrap_or_else(|| "missing".into()),
    );
    node.depends_on = fields.texts("depends_on").map(named);
    if let Some(text) = fields.text("fan_in") {
        match text.parse::<FanIn>() {
            Ok(fan_in) => node.fan_in = Some(fan_in),
            Err(what) => fields.wrong("fan_in", what),
        }
    }
    node.timeout = fields.seconds("timeout_sec");
    node.batch_timeout = fields.seconds("batch_timeout_sec");
    node.concurrency = fields.count("concurrency", 1).unwrap_or(1);
    node.fingerprint = fields.text("fingerprint");
    if let Some(value) = fields.take("retry_policy") {
        node.retry = retry(&format!("{at}.retry_policy"), value, fields.mistakes());
    }
    if let Some(value) = fields.take("io") {
        io(&format!("{at}.io"), value, &mut node, fields.mistakes());
    }
    fields.end();
    has_id.then_some(node)
}

/// Takes a text that has to be there.
fn required(fields: &mut Fields<'_>, key: &'static str, what: &str) -> Option<String> {
    match fields.take(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        Some(other) => {
            fields.wrong(
                key,
                format!("expected a text that is not empty, found {}", kind(&other)),
            );
            None
        }
        None => {
            fields.wrong(key, format!("missing: {what}"));
            None
        }
    }
}

fn named<T: From<String>>(names: Vec<String>) -> Vec<T> {
    names.into_iter().map(T::from).collect()
}

fn retry(at: &str, value: Value, mistakes: &mut Mistakes) -> RetryPolicy {
    let mut policy = RetryPolicy::default();
    let Some(mut fields) = Fields::of(at, value, mistakes) else {
        return policy;
    };
    let given = |value, default| Option::unwrap_or(value, default);
    policy.max = given(fields.count("max", 0), policy.max);
    policy.backoff = fields.seconds("backoff_sec").unwrap_or(policy.backoff);
    policy.exponential = fields.flag("exponential").unwrap_or(policy.exponential);
    policy.max_backoff = fields
        .seconds("max_backoff_sec")
        .unwrap_or(policy.max_backoff);
    policy.permanent_on = fields
        .texts("permanent_on")
        .map_or(policy.permanent_on, named);
    policy.max_interruptions = given(
        fields.count("max_interruptions", 1),
        policy.max_interruptions,
    );
    fields.end();
    policy
}

fn io(at: &str, value: Value, node: &mut Node, mistakes: &mut Mistakes) {
    let Some(mut fields) = Fields::of(at, value, mistakes) else {
        return;
    };
    match fields.text("start_when").as_deref() {
        None => {}
        Some("ready") => node.start_when = StartWhen::Ready,
        Some("first_batch") => node.start_when = StartWhen::FirstBatch,
        Some(other) => fields.wrong(
            "start_when",
            format!("`{other}` is unknown: write `ready` or `first_batch`"),
        ),
    }
    let name = fields.text("fn");
    let args = fields.object("fn_args");
    match (name, args) {
        (Some(name), args) => {
            let args = args.unwrap_or_default();
            node.function = Some(Function { name, args });
        }
        (None, Some(_)) => fields.wrong("fn_args", "arguments without a function: name it in `fn`"),
        (None, None) => {}
    }
    if let Some(value) = fields.take("input_inline") {
        inline(
            &format!("{at}.input_inline"),
            value,
            node,
            fields.mistakes(),
        );
    }
    fields.end();
}

fn inline(at: &str, value: Value, node: &mut Node, mistakes: &mut Mistakes) {
    let Some(mut fields) = Fields::of(at, value, mistakes) else {
        return;
    };
    let adapter = fields.text("input_adapter");
    let args = fields.take("input_args");
    node.input_inline = fields.rest();
    match (adapter.as_deref(), args) {
        (None, None) => {}
        (None, Some(_)) => fields.wrong(
            "input_args",
            "arguments without an adapter: name it in `input_adapter`",
        ),
        (Some(PULL | RECHUNK), args) => {
            let args = args.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            let rechunk = adapter.as_deref() == Some(RECHUNK);
            let at = format!("{at}.input_args");
            if let Some(pull) = pull(&at, args, rechunk, fields.mistakes()) {
                node.input = Input::Pull(pull);
            }
        }
        (Some(adapter), args) => match args {
            None | Some(Value::Object(_)) => {
                let args = match args {
                    Some(Value::Object(args)) => args,
                    _ => serde_json::Map::new(),
                };
                let adapter = adapter.to_owned();
                node.input = Input::Custom { adapter, args };
            }
            Some(other) => fields.wrong(
                "input_args",
                format!("expected an object, found {}", kind(&other)),
            ),
        },
    }
}

fn pull(at: &str, value: Value, rechunk: bool, mistakes: &mut Mistakes) -> Option<Pull> {
    let mut fields = Fields::of(at, value, mistakes)?;
    let many = fields.texts("from_nodes");
    let one = fields.text("from_node");
    if many.is_some() && one.is_some() {
        fields.wrong("from_node", "given beside `from_nodes`: keep one of them");
    }
    if many.as_ref().is_some_and(Vec::is_empty) {
        fields.wrong(
            "from_nodes",
            "empty: name the nodes to read, or leave it out to read all of `depends_on`",
        );
    }
    let mut pull = Pull::from_nodes(many.or(one.map(|one| vec![one])).unwrap_or_default());
    pull.poll = fields.millis("poll_ms");
    pull.backoff_max = fields.millis("backoff_max_ms");
    pull.eof_on_task_done = fields.flag("eof_on_task_done").unwrap_or(true);
    if let Some(value) = fields.take("partition") {
        pull.partition = partition(&format!("{at}.partition"), value, fields.mistakes());
    }
    if rechunk {
        let given = fields.take("size").is_some_and(|size| {
            let size = size.as_u64().and_then(|size| u32::try_from(size).ok());
            match size.filter(|size| *size > 0) {
                Some(size) => {
                    pull.rechunk = Some(Rechunk {
                        size,
                        meta_list_key: None,
                    });
                }
                None => fields.wrong("size", "expected a whole number from 1 on"),
            }
            true
        });
        if !given {
            fields.wrong("size", "missing: say how many items a batch has");
        }
        let key = fields.text("meta_list_key");
        if let Some(rechunk) = &mut pull.rechunk {
            rechunk.meta_list_key = key;
        }
    }
    fields.end();
    Some(pull)
}

fn partition(at: &str, value: Value, mistakes: &mut Mistakes) -> Option<Partition> {
    let mut fields = Fields::of(at, value, mistakes)?;
    let index = fields.count("index", 0);
    let of = fields.count("of", 1);
    if index.is_none() || of.is_none() {
        fields.wrong("index", "a partition has `index` and `of`");
    }
    fields.end();
    Some(Partition {
        index: index?,
        of: of?,
    })
}
