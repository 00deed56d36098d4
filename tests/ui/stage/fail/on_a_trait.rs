use antflow::stage;

#[stage]
trait Step {
    fn run(&self);
}

fn main() {}
