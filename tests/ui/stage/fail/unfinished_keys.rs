use antflow::{pipeline, stage};

#[stage(workers = )]
async fn count(text: String) -> usize {
    text.len()
}

#[stage(workers)]
async fn trim(text: String) -> String {
    text
}

#[stage(retry(attempts = 3))]
async fn shout(text: String) -> String {
    text
}

#[stage("Quiet")]
async fn whisper(text: String) -> String {
    text
}

fn main() {
    let _ = pipeline!(trim >> shout >> whisper >> count);
}
