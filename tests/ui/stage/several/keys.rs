use antflow::stage;

#[stage(workers = 0, queue = "ten", timeout = 5, rate = "fast", nmae = "Count", ordered = 1)]
async fn count(text: String) -> usize {
    text.len()
}

fn main() {}
