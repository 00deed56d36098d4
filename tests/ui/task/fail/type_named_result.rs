use antflow::{pipeline, stage, task};

struct Result<T, E>(T, E);

#[task]
async fn measure(text: String) -> Result<usize, String> {
    Result(text.len(), text)
}

#[stage]
struct Measure(measure);

fn main() {
    let _ = pipeline!(Measure);
}
