//! What each container of a payload is, in the order of their beginnings: MessagePack says a length first, JSON does
//! not.

use super::super::json::placeholders::{Candidate, Ended};
use super::super::json::scan::{Fault, Watch};
use smallvec::SmallVec;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Array(u32),
    Map(u32),
    /// An object that stands for an attachment, by number.
    Attachment(usize),
}

/// Finds the shapes in one scan.
pub(super) struct Shapes<'j> {
    pub(super) found: Vec<Shape>,
    /// Positions in `found` of what is not closed yet.
    open: SmallVec<[usize; 8]>,
    candidate: Candidate<'j>,
    attachments: usize,
}

impl<'j> Shapes<'j> {
    pub(super) fn new(json: &'j str, attachments: usize) -> Self {
        Self { found: Vec::new(), open: SmallVec::new(), candidate: Candidate::new(json), attachments }
    }

    /// Something stands in the innermost container; of a map its keys are counted instead.
    fn element(&mut self) {
        if let Some(Shape::Array(len)) = self.innermost() {
            *len = len.saturating_add(1);
        }
    }

    fn innermost(&mut self) -> Option<&mut Shape> {
        self.found.get_mut(*self.open.last()?)
    }

    fn begin(&mut self, shape: Shape) {
        self.element();
        self.open.push(self.found.len());
        self.found.push(shape);
    }
}

impl Watch for Shapes<'_> {
    fn open_object(&mut self, at: usize) -> Result<(), Fault> {
        self.begin(Shape::Map(0));
        self.candidate.open_object(at);
        Ok(())
    }

    fn open_array(&mut self, _at: usize) -> Result<(), Fault> {
        self.begin(Shape::Array(0));
        self.candidate.open_array();
        Ok(())
    }

    fn key(&mut self, start: usize, end: usize) {
        if let Some(Shape::Map(len)) = self.innermost() {
            *len = len.saturating_add(1);
        }
        self.candidate.key(start, end);
    }

    fn scalar(&mut self, start: usize, end: usize) {
        self.element();
        self.candidate.scalar(start, end);
    }

    fn close_object(&mut self, _at: usize) -> Result<(), Fault> {
        let attachments = self.attachments;
        if let Ended::Placeholder(num) = self.candidate.close_object()
            && num < attachments
            && let Some(shape) = self.innermost()
        {
            *shape = Shape::Attachment(num);
        }
        self.open.pop();
        Ok(())
    }

    fn close_array(&mut self) {
        self.candidate.close_array();
        self.open.pop();
    }
}
