use antflow::pipeline;

mod text {
    #[antflow::stage]
    async fn shout(length: usize) -> String {
        "!".repeat(length)
    }
}

fn main() {
    let _ = pipeline!(text::shout);
}
