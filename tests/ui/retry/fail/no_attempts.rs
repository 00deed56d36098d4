use antflow::stage;

#[stage(retry = "per_task", attempts = 0)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
