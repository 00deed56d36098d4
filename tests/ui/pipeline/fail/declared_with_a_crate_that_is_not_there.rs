use antflow::{pipeline, stage};

#[stage]
async fn count(text: String) -> usize {
    text.len()
}

pipeline! {
    crate = elsewhere::antflow;
    pub Count: String => usize = count;
}

fn main() {
    let _ = Count::new();
}
