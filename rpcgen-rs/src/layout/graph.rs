//! Directed graphs of types: components and fixpoints, all by loops, so that a chain of 10^5 types costs no stack.

/// Nodes `0..n` and the nodes each refers to.
pub(crate) struct Graph {
    starts: Vec<usize>,
    targets: Vec<usize>,
}

impl Graph {
    /// Asks for the targets of each node in turn.
    pub(crate) fn new(nodes: usize, mut targets_of: impl FnMut(usize, &mut Vec<usize>)) -> Self {
        let mut starts = Vec::with_capacity(nodes + 1);
        let mut targets = Vec::with_capacity(nodes);
        starts.push(0);
        for node in 0..nodes {
            targets_of(node, &mut targets);
            starts.push(targets.len());
        }
        Self { starts, targets }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn targets(&self, node: usize) -> &[usize] {
        &self.targets[self.starts[node]..self.starts[node + 1]]
    }

    /// The strongly connected components, dependencies first (Tarjan's algorithm with a stack of its own).
    pub(crate) fn components(&self) -> Components {
        const UNSEEN: usize = usize::MAX;
        let nodes = self.nodes();
        let mut found = Components {
            of: vec![UNSEEN; nodes],
            order: Vec::with_capacity(nodes),
            groups: Vec::with_capacity(nodes),
        };
        let mut index = vec![UNSEEN; nodes];
        let mut low = vec![0; nodes];
        let mut next_index = 0;
        let mut open: Vec<usize> = Vec::new();
        let mut calls: Vec<(usize, usize)> = Vec::new();
        for root in 0..nodes {
            if index[root] == UNSEEN {
                calls.push((root, 0));
            }
            while let Some((node, edge)) = calls.pop() {
                if edge == 0 {
                    index[node] = next_index;
                    low[node] = next_index;
                    next_index += 1;
                    open.push(node);
                }
                if let Some(&target) = self.targets(node).get(edge) {
                    calls.push((node, edge + 1));
                    if index[target] == UNSEEN {
                        calls.push((target, 0));
                    } else if found.of[target] == UNSEEN {
                        low[node] = low[node].min(index[target]);
                    }
                    continue;
                }
                if let Some(&(parent, _)) = calls.last() {
                    low[parent] = low[parent].min(low[node]);
                }
                if low[node] == index[node] {
                    found.close(self, &mut open, node);
                }
            }
        }
        found
    }

    /// The least set of nodes that holds every node of which at least `need(node)` targets are in it.
    pub(crate) fn least_fixpoint(&self, need: impl Fn(usize) -> usize) -> Vec<bool> {
        let users = self.reversed();
        let mut missing: Vec<usize> = (0..self.nodes()).map(need).collect();
        let mut holds: Vec<bool> = missing.iter().map(|&count| count == 0).collect();
        let mut queue: Vec<usize> = (0..self.nodes()).filter(|&node| holds[node]).collect();
        while let Some(node) = queue.pop() {
            for &user in users.targets(node) {
                missing[user] = missing[user].saturating_sub(1);
                if missing[user] == 0 && !holds[user] {
                    holds[user] = true;
                    queue.push(user);
                }
            }
        }
        holds
    }

    fn reversed(&self) -> Self {
        let mut starts = vec![0; self.nodes() + 1];
        for &target in &self.targets {
            starts[target + 1] += 1;
        }
        for node in 0..self.nodes() {
            starts[node + 1] += starts[node];
        }
        let mut free = starts.clone();
        let mut targets = vec![0; self.targets.len()];
        for node in 0..self.nodes() {
            for &target in self.targets(node) {
                targets[free[target]] = node;
                free[target] += 1;
            }
        }
        Self { starts, targets }
    }

    /// A shortest way from the node back to itself, the node first; empty if there is none.
    pub(crate) fn cycle_through(&self, start: usize) -> Vec<usize> {
        let mut came_from = std::collections::HashMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for &target in self.targets(node) {
                if target == start {
                    let mut path = vec![node];
                    while path[path.len() - 1] != start {
                        path.push(came_from[&path[path.len() - 1]]);
                    }
                    path.reverse();
                    return path;
                }
                came_from.entry(target).or_insert_with(|| {
                    queue.push_back(target);
                    node
                });
            }
        }
        Vec::new()
    }
}

/// The strongly connected components of a graph.
pub(crate) struct Components {
    /// The component of each node.
    pub(crate) of: Vec<usize>,
    /// All nodes, component by component; a component comes after all that it refers to.
    pub(crate) order: Vec<usize>,
    /// Where in `order` each component begins, and whether it holds a cycle.
    groups: Vec<(usize, bool)>,
}

impl Components {
    /// Is the node part of a cycle?
    pub(crate) fn in_cycle(&self, node: usize) -> bool {
        self.groups[self.of[node]].1
    }

    /// The nodes of each component, and whether it holds a cycle.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&[usize], bool)> {
        let begins = self.groups.iter().skip(1).map(|group| group.0);
        let ends = begins.chain([self.order.len()]);
        let groups = self.groups.iter().zip(ends);
        groups.map(|(&(begin, cyclic), end)| (&self.order[begin..end], cyclic))
    }

    fn close(&mut self, graph: &Graph, open: &mut Vec<usize>, root: usize) {
        let from = open.iter().rposition(|&node| node == root).unwrap_or(0);
        let begin = self.order.len();
        self.order.extend(open.drain(from..));
        for &node in &self.order[begin..] {
            self.of[node] = self.groups.len();
        }
        let cyclic = self.order.len() - begin > 1 || graph.targets(root).contains(&root);
        self.groups.push((begin, cyclic));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(targets: &[&[usize]]) -> Graph {
        Graph::new(targets.len(), |node, out| {
            out.extend_from_slice(targets[node]);
        })
    }

    #[test]
    fn components_come_after_what_they_refer_to() {
        let found = graph(&[&[1], &[2], &[1, 3], &[], &[4, 0]]).components();
        let groups: Vec<_> = found.groups().collect();
        let wanted: [(&[usize], bool); 4] =
            [(&[3], false), (&[1, 2], true), (&[0], false), (&[4], true)];
        assert_eq!(groups, wanted);
        assert_eq!(found.order, [3, 1, 2, 0, 4]);
        assert!(found.in_cycle(2) && !found.in_cycle(0));
    }

    #[test]
    fn chains_and_rings_of_any_length_cost_no_stack() {
        let run = |last: usize| {
            let graph = Graph::new(200_000, |node, out| {
                out.push(if node == 199_999 { last } else { node + 1 });
            });
            graph.components().groups().count()
        };
        std::thread::Builder::new()
            .stack_size(64 << 10)
            .spawn(move || {
                assert_eq!(run(199_999), 200_000);
                assert_eq!(run(0), 1);
            })
            .unwrap()
            .join()
            .unwrap();
    }

    #[test]
    fn fixpoint_knows_all_and_any() {
        // 0 needs both 1 and 2; 1 needs one of 0 and 3; 2 and 3 hold; 4 and 5 wait for each other.
        let graph = graph(&[&[1, 2], &[0, 3], &[], &[], &[5], &[4]]);
        let need = [2, 1, 0, 0, 1, 1];
        assert_eq!(
            graph.least_fixpoint(|node| need[node]),
            [true, true, true, true, false, false]
        );
    }

    #[test]
    fn a_cycle_is_shown_by_its_shortest_path() {
        let graph = graph(&[&[1, 2], &[3], &[0], &[0], &[0]]);
        assert_eq!(graph.cycle_through(0), [0, 2]);
        assert_eq!(graph.cycle_through(1), [1, 3, 0]);
        assert_eq!(graph.cycle_through(4), []);
    }
}
