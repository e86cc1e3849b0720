// From what the steps of a run made to what is published, with how each table was made as its properties.
#pragma once

#include <vector>

#include "run/board.h"
#include "run/lake.h"
#include "run/planning.h"
#include "run/step.h"

namespace lochan {

/// Tables, views and guards of a publish; the rest of the request is the caller's. Tables for which nothing moved, not
/// even a cursor, are left out.
PublishRequest make_publish_request(Lake& lake, const std::string& branch, std::int64_t run, const Analysis& analysis,
                                    const Board& board, const std::vector<Step>& steps);

/// Saves the change marks of connections whose step ended well and whose tables all were published or had nothing new.
void save_change_marks(Lake& lake, const std::string& target, const Analysis& analysis, const Board& board,
                       const std::vector<Step>& steps);

}  // namespace lochan
