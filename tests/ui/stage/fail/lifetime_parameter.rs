use antflow::{pipeline, stage};

#[stage]
async fn first<'a>(words: &'a [String]) -> &'a str {
    &words[0]
}

fn main() {
    let _ = pipeline!(first);
}
