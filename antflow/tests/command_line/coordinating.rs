//! A coordinator as a program.

use antflow::cluster::graph::Node;
use antflow::cluster::state::RunState;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};

use crate::bench::{Bench, end_of, ended, signal, within};

/// Reads lines until one has this part.
async fn hear<R: AsyncRead + Unpin>(lines: &mut Lines<BufReader<R>>, part: &str) -> String {
    within(async {
        loop {
            let line = lines.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended without `{part}`"));
            if line.contains(part) {
                return line;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_coordinator_says_what_happens_until_it_is_told_to_end() {
    let bench = Bench::new().await;
    let config = bench.file(
        "coordinator.toml",
        "coordinator_id = \"c-1\"\nno_worker_after_sec = 0\nhb_monitor_tick_sec = 0.05\n",
    );
    let mut coordinator = bench
        .command(&["coordinator", "--config", &config])
        .spawn()
        .unwrap();
    let mut said = BufReader::new(coordinator.stderr.take().unwrap()).lines();
    assert_eq!(hear(&mut said, "").await, "coordinator `c-1` has started");
    let args = Map::from_iter([("kv".to_owned(), json!({ "a": 1 }))]);
    let run = bench
        .submit("sets", Node::function("n", "vars.set", args))
        .await;
    assert_eq!(
        hear(&mut said, "submitted").await,
        "run `sets` was submitted"
    );
    assert_eq!(hear(&mut said, "ended").await, "run `sets` ended finished");
    let ended = within(bench.cluster.wait(&run)).await.unwrap();
    assert_eq!(ended.run.state, RunState::Finished);
    bench.submit("starves", Node::new("n", "nobody")).await;
    let warning = hear(&mut said, "warning: ").await;
    assert!(warning.contains("wait for the role `nobody`"), "{warning}");
    assert!(warning.ends_with("(no_worker)"), "{warning}");
    bench
        .prints(&["cancel", "starves", "--reason", "nobody comes"])
        .await;
    let line = hear(&mut said, "starves` ended").await;
    assert_eq!(line, "run `starves` ended cancelled: nobody comes");

    signal(&coordinator, "-TERM");
    assert!(
        hear(&mut said, "stopping")
            .await
            .contains("a second signal ends it at once")
    );
    let last = hear(&mut said, "has ended").await;
    assert!(last.contains("1 functions finished"), "{last}");
    assert_eq!(end_of(coordinator).await.code, Some(0));
}

#[tokio::test]
async fn a_coordinator_says_the_same_as_lines_of_json() {
    let bench = Bench::new().await;
    let mut command = bench.command(&["coordinator", "--json"]);
    command.env("ANTFLOW_COORDINATOR_COORDINATOR_ID", "c-2");
    let mut coordinator = command.spawn().unwrap();
    let mut said = BufReader::new(coordinator.stdout.take().unwrap()).lines();
    let read = |line: String| serde_json::from_str::<Value>(&line).unwrap();
    assert_eq!(
        read(hear(&mut said, "started").await),
        json!({ "event": "started", "coordinator": "c-2" })
    );
    bench
        .submit("r", Node::function("n", "noop", Map::new()))
        .await;
    assert_eq!(
        read(hear(&mut said, "run_ended").await),
        json!({ "event": "run_ended", "run": "r", "state": "finished", "reason": null })
    );
    signal(&coordinator, "-INT");
    let last = read(hear(&mut said, "\"ended\"").await);
    assert_eq!(last["functions_finished"], 1);
    let end = end_of(coordinator).await;
    assert_eq!((end.code, end.err.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_coordinator_goes_on_when_nobody_listens() {
    let bench = Bench::new().await;
    let mut coordinator = bench.command(&["coordinator", "--json"]).spawn().unwrap();
    let mut said = BufReader::new(coordinator.stdout.take().unwrap()).lines();
    hear(&mut said, "started").await;
    drop(said);
    for n in 0..3 {
        let run = bench
            .submit(&format!("r-{n}"), Node::function("n", "noop", Map::new()))
            .await;
        within(bench.cluster.wait(&run)).await.unwrap();
    }
    assert_eq!(coordinator.try_wait().unwrap(), None);
    signal(&coordinator, "-TERM");
    assert_eq!(end_of(coordinator).await.code, Some(0));
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_refused_whole() {
    let bench = Bench::new().await;
    let config = bench.file("c.json", r#"{ "capacity": 0, "capacityy": 1 }"#);
    let said = bench.run(&["coordinator", "--config", &config]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains("capacity: expected") && said.err.contains("did you mean"),
        "{said:?}"
    );
    let said = bench.run(&["coordinator", "--config", "/none.json"]).await;
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("`/none.json` cannot be read"), "{said:?}");
    let mut command = bench.command(&["coordinator"]);
    command.env("ANTFLOW_COORDINATOR_CONFIG", &config);
    assert_eq!(ended(command).await.code, Some(2));
}
