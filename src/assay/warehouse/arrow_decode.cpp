#include "assay/warehouse/arrow_decode.hpp"

#include <duckdb/common/adbc/adbc.h>
#include <fmt/core.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "assay/warehouse/arrow_format.hpp"

namespace assay::warehouse {
namespace {

__extension__ using Int128 = __int128;
constexpr std::uint32_t kNoCode = std::numeric_limits<std::uint32_t>::max();

/// The rows [begin, begin + rows) of an array, counted from its buffers' start.
struct Slice {
  const ArrowArray* array = nullptr;
  std::size_t begin = 0;
  std::size_t rows = 0;
};

template <class T>
const T* buffer(const Slice& from, int index) {
  return static_cast<const T*>(from.array->buffers[index]);
}

bool bit(const std::uint8_t* bits, std::size_t i) { return ((bits[i / 8] >> (i % 8)) & 1U) != 0; }

/// Buffers that a layout needs besides the validity, which may be absent.
int buffer_count(ArrowLayout layout) {
  switch (layout) {
    case ArrowLayout::null:
      return 0;
    case ArrowLayout::text32:
    case ArrowLayout::text64:
    case ArrowLayout::text_view:
      return 3;
    default:
      return 2;
  }
}

tl::unexpected<Error> odd_batch(const std::string& column, std::string_view what) {
  return fail(ErrorCode::invalid_data, fmt::format("the driver handed over {}", what),
              fmt::format("column {}", column), "report this to the makers of the driver");
}

/// A text column while it grows: the codes of the texts seen.
class TextCodes {
 public:
  std::uint32_t code(std::string_view text, frame::Column& column) {
    const auto found = codes_.find(std::string(text));
    if (found != codes_.end()) return found->second;
    const auto code = static_cast<std::uint32_t>(column.dictionary.size());
    column.dictionary.emplace_back(text);
    codes_.emplace(text, code);
    return code;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> codes_;
};

/// One layout of values into one column of ours.
class Values {
 public:
  Values(std::string name, ArrowFormat format) : format_(std::move(format)) {
    column.name = std::move(name);
    column.type = format_.as;
  }

  Result<void> add(const Slice& from) {
    if (from.rows == 0) return {};
    ASSAY_CHECK(check(from));
    add_nulls(from);
    switch (format_.as) {
      case frame::Type::text:
        return add_texts(from);
      case frame::Type::float64:
        return add_reals(from);
      default:
        return add_whole(from);
    }
  }

  frame::Column column;
  TextCodes codes;
  std::int64_t bytes = 0;

  /// The same value as in row `row` of `other`, a column of the same type.
  void add_copy(const frame::Column& other, std::size_t row, std::vector<std::uint32_t>& seen) {
    switch (column.type) {
      case frame::Type::text: {
        std::uint32_t& code = seen[other.codes[row]];
        if (code == kNoCode) code = codes.code(other.dictionary[other.codes[row]], column);
        column.codes.push_back(code);
        return;
      }
      case frame::Type::float64:
        column.doubles.push_back(other.doubles[row]);
        return;
      default:
        column.ints.push_back(other.ints[row]);
    }
  }

  void add_missing() {
    if (column.nulls.empty()) column.nulls.assign(column.rows(), 0);
    column.nulls.push_back(1);
    switch (column.type) {
      case frame::Type::text:
        column.codes.push_back(missing_code());
        return;
      case frame::Type::float64:
        column.doubles.push_back(0.0);
        return;
      default:
        column.ints.push_back(0);
    }
  }

 private:
  [[nodiscard]] Result<void> check(const Slice& from) const {
    const int needed = buffer_count(format_.layout);
    if (needed == 0) return {};
    const ArrowArray& array = *from.array;
    if (array.n_buffers < needed || array.buffers == nullptr) {
      return odd_batch(column.name, "an array without its buffers");
    }
    if (array.buffers[1] == nullptr) {
      return odd_batch(column.name, "an array without values");
    }
    return {};
  }

  [[nodiscard]] bool known(const Slice& from, std::size_t i) const {
    if (format_.layout == ArrowLayout::null) return false;
    if (from.array->null_count == 0) return true;
    const auto* validity = buffer<std::uint8_t>(from, 0);
    return validity == nullptr || bit(validity, from.begin + i);
  }

  void add_nulls(const Slice& from) {
    const std::size_t before = column.rows();
    bool any = !column.nulls.empty();
    for (std::size_t i = 0; i < from.rows && !any; ++i) any = !known(from, i);
    if (!any) return;
    column.nulls.resize(before, 0);
    for (std::size_t i = 0; i < from.rows; ++i) {
      column.nulls.push_back(known(from, i) ? 0 : 1);
    }
  }

  template <class T>
  void add_ints(const Slice& from) {
    const T* values = buffer<T>(from, 1) + from.begin;
    for (std::size_t i = 0; i < from.rows; ++i) {
      column.ints.push_back(known(from, i) ? static_cast<std::int64_t>(values[i]) : 0);
    }
    bytes += static_cast<std::int64_t>(from.rows * sizeof(T));
  }

  Result<void> add_whole(const Slice& from) {
    const std::size_t before = column.ints.size();
    switch (format_.layout) {
      case ArrowLayout::null:
        column.ints.resize(before + from.rows, 0);
        return {};
      case ArrowLayout::bits:
        for (std::size_t i = 0; i < from.rows; ++i) {
          const bool set = known(from, i) && bit(buffer<std::uint8_t>(from, 1), from.begin + i);
          column.ints.push_back(set ? 1 : 0);
        }
        bytes += static_cast<std::int64_t>((from.rows + 7) / 8);
        return {};
      case ArrowLayout::int8:
        add_ints<std::int8_t>(from);
        break;
      case ArrowLayout::uint8:
        add_ints<std::uint8_t>(from);
        break;
      case ArrowLayout::int16:
        add_ints<std::int16_t>(from);
        break;
      case ArrowLayout::uint16:
        add_ints<std::uint16_t>(from);
        break;
      case ArrowLayout::int32:
        add_ints<std::int32_t>(from);
        break;
      case ArrowLayout::uint32:
        add_ints<std::uint32_t>(from);
        break;
      case ArrowLayout::uint64:
        add_ints<std::uint64_t>(from);
        return check_signs(before);
      default:
        add_ints<std::int64_t>(from);
    }
    return format_.as == frame::Type::time_us ? to_microseconds(before) : Result<void>{};
  }

  /// What was no more than 2^63 - 1 is not negative now.
  [[nodiscard]] Result<void> check_signs(std::size_t begin) const {
    for (std::size_t i = begin; i < column.ints.size(); ++i) {
      if (column.ints[i] < 0) {
        return fail(ErrorCode::invalid_data, "a whole number is larger than 64 bits can hold",
                    fmt::format("column {}", column.name), "read it as float64 or text");
      }
    }
    return {};
  }

  Result<void> to_microseconds(std::size_t begin) {
    for (std::size_t i = begin; i < column.ints.size(); ++i) {
      std::int64_t& time = column.ints[i];
      if (__builtin_mul_overflow(time, format_.multiply_us, &time)) {
        return fail(ErrorCode::invalid_data, "a time does not fit into 64-bit microseconds",
                    fmt::format("column {}", column.name), "leave such rows out");
      }
      const std::int64_t rest = time % format_.divide_us;
      time = time / format_.divide_us - (rest < 0 ? 1 : 0);
    }
    return {};
  }

  template <class T>
  void add_scaled(const Slice& from) {
    const auto* values = buffer<unsigned char>(from, 1) + from.begin * sizeof(T);
    const double power = std::pow(10.0, std::abs(format_.scale));
    for (std::size_t i = 0; i < from.rows; ++i) {
      T value{};  // Copied out: decimals need not lie on their natural boundary.
      if (known(from, i)) std::memcpy(&value, values + i * sizeof(T), sizeof(T));
      const auto real = static_cast<double>(value);
      column.doubles.push_back(format_.scale >= 0 ? real / power : real * power);
    }
    bytes += static_cast<std::int64_t>(from.rows * sizeof(T));
  }

  Result<void> add_reals(const Slice& from) {
    switch (format_.layout) {
      case ArrowLayout::float32:
        add_scaled<float>(from);
        break;
      case ArrowLayout::decimal32:
        add_scaled<std::int32_t>(from);
        break;
      case ArrowLayout::decimal64:
        add_scaled<std::int64_t>(from);
        break;
      case ArrowLayout::decimal128:
        add_scaled<Int128>(from);
        break;
      default:
        add_scaled<double>(from);
    }
    return {};
  }

  /// Any code that the dictionary has: nobody reads it.
  std::uint32_t missing_code() { return column.dictionary.empty() ? codes.code("", column) : 0; }

  void add_text(std::string_view text) {
    bytes += static_cast<std::int64_t>(text.size());
    column.codes.push_back(codes.code(text, column));
  }

  template <class Offset>
  Result<void> add_offset_texts(const Slice& from) {
    const Offset* offsets = buffer<Offset>(from, 1) + from.begin;
    const auto* letters = buffer<char>(from, 2);
    bytes += static_cast<std::int64_t>(from.rows * sizeof(Offset));
    for (std::size_t i = 0; i < from.rows; ++i) {
      if (!known(from, i)) {
        column.codes.push_back(missing_code());
        continue;
      }
      const Offset size = offsets[i + 1] - offsets[i];
      if (size < 0 || offsets[i] < 0 || (size > 0 && letters == nullptr)) {
        return odd_batch(column.name, "texts whose offsets go backwards");
      }
      add_text(size == 0 ? std::string_view()
                         : std::string_view(letters + offsets[i], static_cast<std::size_t>(size)));
    }
    return {};
  }

  Result<void> add_view_texts(const Slice& from) {
    struct View {
      std::int32_t size;
      char inlined[4];  // Of long texts the first letters.
      std::int32_t index;
      std::int32_t offset;
    };
    constexpr std::int32_t kInlined = 12;
    const auto* views = buffer<unsigned char>(from, 1) + from.begin * sizeof(View);
    bytes += static_cast<std::int64_t>(from.rows * sizeof(View));
    for (std::size_t i = 0; i < from.rows; ++i) {
      if (!known(from, i)) {
        column.codes.push_back(missing_code());
        continue;
      }
      View view{};
      const unsigned char* at = views + i * sizeof(View);
      std::memcpy(&view, at, sizeof(View));
      if (view.size >= 0 && view.size <= kInlined) {
        add_text({reinterpret_cast<const char*>(at + sizeof(std::int32_t)),
                  static_cast<std::size_t>(view.size)});
        continue;
      }
      // Buffers: validity, views, the letters, and last the sizes of the letters' buffers.
      if (view.size < 0 || view.offset < 0 || view.index < 0 ||
          view.index + 3 >= from.array->n_buffers) {
        return odd_batch(column.name, "a text view that points nowhere");
      }
      add_text(
          {buffer<char>(from, 2 + view.index) + view.offset, static_cast<std::size_t>(view.size)});
    }
    return {};
  }

  Result<void> add_texts(const Slice& from) {
    if (format_.layout == ArrowLayout::text32) return add_offset_texts<std::int32_t>(from);
    if (format_.layout == ArrowLayout::text64) return add_offset_texts<std::int64_t>(from);
    return add_view_texts(from);
  }

  ArrowFormat format_;
};

tl::unexpected<Error> no_such_type(const ArrowSchema& field) {
  return fail(ErrorCode::invalid_spec,
              fmt::format("a column has a type that no answer can hold: Arrow format {}",
                          field.format == nullptr ? "none" : field.format),
              fmt::format("column {}", field.name == nullptr ? "" : field.name),
              "cast it to a number, text or time");
}

std::optional<ArrowFormat> format_of(const ArrowSchema& schema) {
  return schema.format == nullptr ? std::nullopt : arrow_format(schema.format);
}

}  // namespace

/// A column: plain values, or whole numbers (`index`) that point into a dictionary of `format`.
struct ArrowDecoder::Field {
  Field(std::string name, ArrowFormat values_format, std::optional<ArrowFormat> index_format)
      : values(std::move(name), values_format),
        format(std::move(values_format)),
        index(std::move(index_format)) {}

  Result<void> add(const Slice& from) {
    if (!index) return values.add(from);
    if (from.rows == 0) return {};
    if (from.array->dictionary == nullptr) {
      return odd_batch(values.column.name, "codes without their dictionary");
    }
    const ArrowArray& dictionary = *from.array->dictionary;
    Values words(values.column.name, format);
    ASSAY_CHECK(words.add({&dictionary, static_cast<std::size_t>(dictionary.offset),
                           static_cast<std::size_t>(dictionary.length)}));
    Values positions(values.column.name, *index);
    ASSAY_CHECK(positions.add(from));
    values.bytes += words.bytes + positions.bytes;
    std::vector<std::uint32_t> seen(words.column.dictionary.size(), kNoCode);
    for (std::size_t i = 0; i < from.rows; ++i) {
      const std::int64_t position = positions.column.ints[i];
      if (positions.column.is_null(i)) {
        values.add_missing();
      } else if (position < 0 || position >= dictionary.length) {
        return odd_batch(values.column.name, "a code that its dictionary does not have");
      } else if (words.column.is_null(static_cast<std::size_t>(position))) {
        values.add_missing();
      } else {
        values.add_copy(words.column, static_cast<std::size_t>(position), seen);
        if (!values.column.nulls.empty()) values.column.nulls.push_back(0);
      }
    }
    return {};
  }

  Values values;
  ArrowFormat format;
  std::optional<ArrowFormat> index;
};

ArrowDecoder::ArrowDecoder() = default;
ArrowDecoder::ArrowDecoder(ArrowDecoder&&) noexcept = default;
ArrowDecoder& ArrowDecoder::operator=(ArrowDecoder&&) noexcept = default;
ArrowDecoder::~ArrowDecoder() = default;

Result<ArrowDecoder> ArrowDecoder::of(const ArrowSchema& schema) {
  ArrowDecoder decoder;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema& field = *schema.children[i];
    const std::optional<ArrowFormat> own = format_of(field);
    std::optional<ArrowFormat> index;
    std::optional<ArrowFormat> values = own;
    if (field.dictionary != nullptr) {
      index = own;
      values = format_of(*field.dictionary);
      // A dictionary of dictionaries exists in no engine seen.
      if (field.dictionary->dictionary != nullptr) values.reset();
    }
    if (!own || !values) return no_such_type(field);
    decoder.fields_.push_back(std::make_unique<Field>(field.name == nullptr ? "" : field.name,
                                                      std::move(*values), std::move(index)));
  }
  return decoder;
}

Result<void> ArrowDecoder::add(const ArrowArray& batch) {
  if (batch.length < 0 || batch.offset < 0 ||
      batch.n_children != static_cast<std::int64_t>(fields_.size())) {
    return odd_batch("", "a batch that does not fit its schema");
  }
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const ArrowArray& child = *batch.children[i];
    if (child.offset < 0 || child.length < batch.offset + batch.length) {
      return odd_batch(fields_[i]->values.column.name, "a column shorter than its batch");
    }
    const Slice slice{&child, static_cast<std::size_t>(child.offset + batch.offset),
                      static_cast<std::size_t>(batch.length)};
    bytes_ -= fields_[i]->values.bytes;
    ASSAY_CHECK(fields_[i]->add(slice));
    bytes_ += fields_[i]->values.bytes;
  }
  rows_ += batch.length;
  return {};
}

frame::Table ArrowDecoder::table() && {
  frame::Table table;
  for (auto& field : fields_) table.columns.push_back(std::move(field->values.column));
  return table;
}

std::vector<TableColumn> columns_of(const ArrowSchema& schema) {
  std::vector<TableColumn> columns;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema& field = *schema.children[i];
    const ArrowSchema& values = field.dictionary == nullptr ? field : *field.dictionary;
    TableColumn column;
    column.name = field.name == nullptr ? "" : field.name;
    if (const auto format = format_of(values)) {
      column.type = format->column;
      column.engine_type = format->words;
    } else {
      column.engine_type = values.format == nullptr ? "" : values.format;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace assay::warehouse
