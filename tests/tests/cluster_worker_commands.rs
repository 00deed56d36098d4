//! Do commands that a handler runs die with its run?

use std::time::Duration;

use antflow::cluster::handler::{BatchResult, CommandError};
use antflow::cluster::state::{NodeState, RunState};
use antflow_tests::worker_bench::{Scripted, WorkerBench, node};
use antflow_tests::{Log, within};
use serde_json::json;
use tokio::process::Command;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[tokio::test]
async fn the_output_of_a_command_is_collected() {
    let bench = WorkerBench::new();
    let handler = Scripted::counting(1).works(|_, ctx| async move {
        let output = ctx
            .run_command(shell("echo out; echo err >&2; exit 3"))
            .await?;
        Ok(BatchResult::new(json!([
            output.status.code(),
            String::from_utf8(output.stdout)?,
            String::from_utf8(output.stderr)?,
        ])))
    });
    let worker = bench.worker("w", &handler).await;
    let run = bench.submit([node("n")]).await;
    assert_eq!(within(bench.ended(&run)).await, RunState::Finished);
    assert_eq!(bench.outputs(&run, "n").await, [r#"[3,"out\n","err\n"]"#]);
    worker.shutdown().await;
}

/// Is there a process whose parent or group this was?
fn lives(process: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

#[tokio::test]
async fn a_command_and_its_children_end_with_the_worker_however_it_ends() {
    for is_dropped in [false, true] {
        let bench = WorkerBench::new();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("child");
        let ended = Log::new();
        let (said, file) = (ended.clone(), path.clone());
        let handler = Scripted::counting(1).works(move |_, ctx| {
            let (said, file) = (said.clone(), file.clone());
            async move {
                let script = format!(
                    "sleep 1000 & echo $! > '{}.new'; mv '{0}.new' '{0}'; wait",
                    file.display()
                );
                let result = ctx.run_command(shell(&script)).await;
                said.push(matches!(result, Err(CommandError::Cancelled(_))));
                result?;
                Ok(BatchResult::nothing())
            }
        });
        let worker = bench.worker("w", &handler).await;
        let run = bench.submit([node("n")]).await;
        bench.reaches(&run, "n", NodeState::Running).await;
        let child = within(async {
            loop {
                if let Ok(text) = std::fs::read_to_string(&path) {
                    return text.trim().parse::<i32>().unwrap();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        assert!(lives(child));
        if is_dropped {
            drop(worker);
        } else {
            within(worker.shutdown()).await;
            assert_eq!(ended.entries(), [true]);
            assert_eq!(bench.node(&run, "n").await.state, NodeState::Ready);
        }
        within(async {
            while lives(child) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}
