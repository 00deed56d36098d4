use antflow::{pipeline, stage};

#[stage]
async fn count(text: Option<&str>) -> usize {
    text.map_or(0, str::len)
}

fn main() {
    let _ = pipeline!(count);
}
