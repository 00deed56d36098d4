use antflow::{pipeline, stage};

#[stage]
async fn split(text: String) -> impl Iterator<Item = char> {
    text.chars().collect::<Vec<_>>().into_iter()
}

fn main() {
    let _ = pipeline!(split);
}
