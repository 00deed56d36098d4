use antflow::{pipeline, stage};

#[stage]
async fn join(left: String, right: &str) -> String {
    left + right
}

fn main() {
    let _ = pipeline!(join);
}
