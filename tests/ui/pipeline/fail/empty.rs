use antflow::pipeline;

fn main() {
    let _ = pipeline!();
}
