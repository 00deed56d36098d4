use antflow::{State, pipeline, stage};

#[stage]
async fn count(text: String, _: State<Database>) -> usize {
    text.len()
}

fn main() {
    let _ = pipeline!(count);
}
