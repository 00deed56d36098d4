use antflow::{pipeline, stage};

#[stage]
async fn split(text: String) -> Vec<Page> {
    todo!("{text}")
}

fn main() {
    let _ = pipeline!(split);
}
