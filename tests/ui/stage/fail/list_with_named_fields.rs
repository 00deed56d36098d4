use antflow::{pipeline, stage, task};

#[task]
async fn count(text: String) -> usize {
    text.len()
}

#[stage]
struct Named {
    first: count,
}

fn main() {
    let _ = pipeline!(Named);
}
