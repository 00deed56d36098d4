use antflow::stage;

#[stage(retry = per_task)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
