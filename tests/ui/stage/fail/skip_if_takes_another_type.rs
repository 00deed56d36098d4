use antflow::{pipeline, stage};

#[stage(skip_if = is_empty)]
async fn trim(text: String) -> String {
    text
}

fn is_empty(text: &[u8]) -> bool {
    text.is_empty()
}

fn main() {
    let _ = pipeline!(trim);
}
