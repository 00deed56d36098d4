use antflow::{TaskContext, pipeline, stage};

#[stage]
async fn fetch(url: String, cx: TaskContext) -> usize {
    url.len() + cx.attempt() as usize
}

fn main() {
    let _ = pipeline!(fetch);
}
