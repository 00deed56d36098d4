use antflow::{pipeline, stage};

#[stage(skip_if = length)]
async fn trim(text: String) -> String {
    text
}

fn length(text: &String) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(trim);
}
