use std::rc::Rc;

use antflow::Route;

#[derive(Route)]
enum Document {
    Text(u32, Rc<str>),
    Empty,
}

fn main() {}
