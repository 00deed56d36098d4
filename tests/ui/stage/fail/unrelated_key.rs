use antflow::stage;

#[stage(parallelism = 4)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
