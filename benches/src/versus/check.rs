//! Whether the results of a run are what they should be.

use antflow::PipelineResult;

use super::measure::Failure;
use super::work::expected;
use super::workload::Shape;

/// The results of a run, of which it is known what they must be.
pub(crate) trait Check {
    fn check(&self, shape: Shape) -> Result<(), Failure>;
}

/// The results of a run that does not keep them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: usize,
    pub(crate) sum: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, x: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(x);
    }
}

impl Check for Vec<u64> {
    fn check(&self, shape: Shape) -> Result<(), Failure> {
        check_count(self.len(), shape)?;
        for (index, &x) in self.iter().enumerate() {
            check_value(index, x, shape)?;
        }
        Ok(())
    }
}

impl Check for Vec<PipelineResult<u64>> {
    fn check(&self, shape: Shape) -> Result<(), Failure> {
        check_count(self.len(), shape)?;
        for (index, result) in self.iter().enumerate() {
            match &result.value {
                Ok(x) => check_value(index, *x, shape)?,
                Err(error) => return Err(format!("item {index} failed: {error}").into()),
            }
        }
        Ok(())
    }
}

impl Check for Sum {
    fn check(&self, shape: Shape) -> Result<(), Failure> {
        check_count(self.count, shape)?;
        let mut right = Self::default();
        for x in 0..shape.items as u64 {
            right.add(expected(x, shape.stages));
        }
        if *self == right {
            Ok(())
        } else {
            Err(format!("the sum is {}, not {}", self.sum, right.sum).into())
        }
    }
}

fn check_count(count: usize, shape: Shape) -> Result<(), Failure> {
    if count == shape.items {
        Ok(())
    } else {
        Err(format!("{} items gave {count} results", shape.items).into())
    }
}

fn check_value(index: usize, x: u64, shape: Shape) -> Result<(), Failure> {
    let right = expected(index as u64, shape.stages);
    if x == right {
        Ok(())
    } else {
        Err(format!("result {index} is {x}, not {right}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        stages: 2,
        workers: 1,
        capacity: 10,
        items: 2,
    };

    #[test]
    fn right_results_pass() {
        // 0 -> 1 -> 32, 1 -> 32 -> 993
        assert!(vec![32, 993].check(SHAPE).is_ok());
        let sum = Sum {
            count: 2,
            sum: 1025,
        };
        assert!(sum.check(SHAPE).is_ok());
    }

    #[test]
    fn order_count_and_sum_are_looked_at() {
        assert!(vec![993, 32].check(SHAPE).is_err());
        assert!(vec![32].check(SHAPE).is_err());
        let sum = Sum {
            count: 2,
            sum: 1024,
        };
        assert!(sum.check(SHAPE).is_err());
    }
}
