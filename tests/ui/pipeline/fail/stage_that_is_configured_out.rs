use antflow::{pipeline, stage};

#[stage]
async fn fetch(url: String) -> String {
    url
}

#[cfg(any())]
#[stage]
async fn shout(text: String) -> String {
    text + "!"
}

fn main() {
    let _ = pipeline!(fetch >> shout);
}
