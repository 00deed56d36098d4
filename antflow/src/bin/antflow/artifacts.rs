//! `antflow artifacts`.

use crate::context::Context;
use crate::failure::Failure;

/// What may be written behind `artifacts`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The run.
    run: String,
    /// The node.
    node: String,
    /// Leaves out artifacts up to this number.
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: u64,
}

/// Prints what is there now, page by page.
pub(crate) async fn run(context: &mut Context, args: Args) -> Result<(), Failure> {
    let cluster = context.cluster().await?;
    let run = args.run.into();
    let mut after = args.after;
    loop {
        let page = cluster.artifacts(&run, args.node.as_str(), after).await?;
        for artifact in &page.artifacts {
            context.out.document(artifact)?;
        }
        if page.is_end || page.artifacts.is_empty() {
            return Ok(());
        }
        after = page.next_after;
    }
}
