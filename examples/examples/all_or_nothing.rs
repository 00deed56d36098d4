//! Several tasks as one stage: if one of them fails, the item starts again with the first.

use antflow::{BoxError, TaskContext, pipeline, stage, task};

#[derive(Debug, Clone)]
struct Transfer {
    from: &'static str,
    to: &'static str,
    euros: u32,
}

struct Reserved(Transfer);

#[derive(Debug, thiserror::Error)]
#[error("{0} does not answer")]
struct NoAnswer(&'static str);

#[task]
async fn reserve(transfer: Transfer, cx: &TaskContext) -> Reserved {
    println!(
        "attempt {}: reserve {} euros at {}",
        cx.attempt(),
        transfer.euros,
        transfer.from
    );
    Reserved(transfer)
}

/// Has a timeout and a limit of its own: no more than two calls at once, whatever the number of workers.
#[task(timeout = "1s", concurrency = 2)]
async fn book(Reserved(transfer): Reserved, cx: &TaskContext) -> Result<String, NoAnswer> {
    println!("attempt {}: book at {}", cx.attempt(), transfer.to);
    if cx.attempt() == 1 {
        return Err(NoAnswer(transfer.to));
    }
    Ok(format!(
        "{} euros from {} to {}",
        transfer.euros, transfer.from, transfer.to
    ))
}

/// The tasks in order, by one worker, each taking what the one before it gives.
#[stage(retry = "per_stage", attempts = 3, wait = "10ms")]
struct Move(reserve, book);

#[stage]
async fn confirm(booking: String) -> String {
    format!("done: {booking}")
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let transfer = Transfer {
        from: "Anna",
        to: "Bert",
        euros: 20,
    };
    for result in pipeline!(Move >> confirm).run([transfer]).await? {
        println!("{}", result.value?);
    }
    Ok(())
}
