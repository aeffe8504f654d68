import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.*;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;

/**
 * Spark's side of the check. `Outside <requests.json> <answers.json> <directory>`: runs the SQL statements of the requests' `statements` (those that begin with
 * `set` too), then reads each version in `read`, and writes what it found: columns, and rows in the texts of canonical.ts.
 */
public class Outside {
  static final DateTimeFormatter MICROS = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS");
  static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    JsonNode requests = JSON.readTree(new File(args[0]));
    SparkSession spark = SparkSession.builder().master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", args[2])
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.datetime.java8API.enabled", "true")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.databricks.delta.snapshotPartitions", "1")
        .config("spark.log.level", "ERROR")
        .getOrCreate();
    List<Map<String, Object>> answers = new ArrayList<>();
    for (JsonNode statement : requests.get("statements")) {
      try {
        spark.sql(statement.asText()).collectAsList();
      } catch (Exception error) {
        answers.add(Map.of("path", statement.asText(), "version", -1, "error", String.valueOf(error)));
      }
    }
    for (JsonNode request : requests.get("read")) {
      String path = request.get("path").asText();
      int newest = request.has("version") ? request.get("version").asInt() : newest(path);
      for (int version = request.has("version") ? newest : 0; version <= newest; version++) answers.add(read(spark, path, version));
    }
    JSON.writeValue(new File(args[1]), answers);
    spark.stop();
  }

  static int newest(String path) {
    int newest = -1;
    for (String name : new File(path, "_delta_log").list())
      if (name.matches("\\d{20}\\.json")) newest = Math.max(newest, Integer.parseInt(name.substring(0, 20)));
    return newest;
  }

  static Map<String, Object> read(SparkSession spark, String path, int version) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("path", path);
    answer.put("version", version);
    try {
      var data = spark.read().format("delta").option("versionAsOf", version).load(path);
      List<List<String>> columns = new ArrayList<>();
      for (StructField field : data.schema().fields()) columns.add(List.of(field.name(), field.dataType().json().replaceAll("^\"|\"$", "")));
      List<List<Object>> rows = new ArrayList<>();
      for (Row row : data.collectAsList()) {
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < row.length(); i++) values.add(canonical(row.get(i)));
        rows.add(values);
      }
      answer.put("columns", columns);
      answer.put("rows", rows);
    } catch (Exception error) {
      answer.put("error", String.valueOf(error));
    }
    return answer;
  }

  static Object canonical(Object value) {
    if (value == null || value instanceof Boolean || value instanceof String) return value;
    if (value instanceof Float || value instanceof Double) {
      double number = ((Number) value).doubleValue();
      return Double.isNaN(number) ? "NaN" : String.format("%016x", Double.doubleToRawLongBits(number));
    }
    if (value instanceof BigDecimal decimal) return decimal.toPlainString();
    if (value instanceof byte[] bytes) return HexFormat.of().formatHex(bytes);
    if (value instanceof Instant instant) return MICROS.format(instant.atOffset(ZoneOffset.UTC)) + "Z";
    if (value instanceof LocalDateTime time) return MICROS.format(time);
    return value.toString();
  }
}
