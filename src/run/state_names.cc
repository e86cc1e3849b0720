// The words for the states of runs and steps, as they stand in the journal, in JSON and on the terminal.
#include "run/observer.h"
#include "run/run.h"

namespace lochan {

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::Waiting:
      return "waiting";
    case StepState::Running:
      return "running";
    case StepState::Built:
      return "built";
    case StepState::Unchanged:
      return "unchanged";
    case StepState::Failed:
      return "failed";
    case StepState::Skipped:
      return "skipped";
    case StepState::HeldBack:
      return "held back";
    case StepState::Cancelled:
      return "cancelled";
  }
  return "waiting";
}

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::Queued:
      return "queued";
    case RunState::Running:
      return "running";
    case RunState::Succeeded:
      return "succeeded";
    case RunState::Failed:
      return "failed";
    case RunState::Cancelled:
      return "cancelled";
    case RunState::Dead:
      return "dead";
    case RunState::Nothing:
      return "nothing to do";
  }
  return "running";
}

}  // namespace lochan
