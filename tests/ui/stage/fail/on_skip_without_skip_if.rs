use antflow::{TaskContext, stage};

#[stage(on_skip = note)]
async fn trim(text: String) -> String {
    text
}

fn note(_: &TaskContext, _: &String) {}

fn main() {}
