use antflow::stage;

#[stage(on_success = note)]
async fn count(text: String) -> usize {
    text.len()
}

fn note(output: &usize) {
    println!("{output}");
}

fn main() {}
