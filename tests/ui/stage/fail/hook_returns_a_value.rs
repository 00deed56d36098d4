use antflow::{TaskContext, stage};

#[stage(on_success = note)]
async fn count(text: String) -> usize {
    text.len()
}

async fn note(_: &TaskContext, output: &usize) -> usize {
    *output
}

fn main() {}
