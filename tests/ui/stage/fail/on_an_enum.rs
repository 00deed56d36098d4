use antflow::stage;

#[stage]
enum Step {
    First,
    Second,
}

fn main() {}
