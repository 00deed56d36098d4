use antflow::stage;

#[stage(retry = "per_tsk", attempts = 3)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
