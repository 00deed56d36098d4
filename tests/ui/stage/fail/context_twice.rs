use antflow::{TaskContext, stage};

#[stage]
async fn fetch(url: String, one: &TaskContext, two: &TaskContext) -> usize {
    one.set_status("first");
    two.set_status("second");
    url.len()
}

fn main() {}
