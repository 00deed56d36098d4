use antflow::{pipeline, stage};

struct Result {
    length: usize,
}

#[stage]
async fn measure(text: String) -> Result {
    Result { length: text.len() }
}

#[stage]
async fn halve(measured: Result) -> usize {
    measured.length / 2
}

fn main() {
    let _ = pipeline!(measure >> halve);
}
