use antflow::stage;

#[stage]
mod stages {}

fn main() {}
