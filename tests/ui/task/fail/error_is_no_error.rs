use antflow::{pipeline, stage, task};

struct Broken;

#[task]
async fn check(text: String) -> Result<u32, Broken> {
    text.parse().map_err(|_| Broken)
}

#[stage]
struct Check(check);

fn main() {
    let _ = pipeline!(Check);
}
